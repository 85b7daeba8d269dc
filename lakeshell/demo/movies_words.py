"""Words that the generated films, people and places are made of, in the scripts they live in.

Everything here was written for this generator. A name stands with its form in plain Latin letters
where it has another script, for e-mail addresses.
"""

from __future__ import annotations

from typing import NamedTuple


class Region(NamedTuple):
    """A country with what is said there. `weight` is how many of a hundred customers live there."""

    code: str
    country: str
    endonym: str
    language: str
    weight: int
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    phone: str
    first_names: tuple[tuple[str, str], ...]
    last_names: tuple[tuple[str, str], ...]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`Анна/anna Иван/ivan`; a name without a slash is in Latin letters already."""
    made = []
    for word in text.split():
        native, _, latin = word.partition("/")
        made.append((native, latin or native.lower()))
    return tuple(made)


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


LANGUAGES = (
    ("en", "English", "English"), ("fr", "French", "français"), ("de", "German", "Deutsch"),
    ("es", "Spanish", "español"), ("pl", "Polish", "polski"), ("tr", "Turkish", "Türkçe"),
    ("ru", "Russian", "русский"), ("uk", "Ukrainian", "українська"), ("el", "Greek", "ελληνικά"),
    ("ja", "Japanese", "日本語"), ("zh", "Chinese", "中文"), ("ko", "Korean", "한국어"),
    ("ar", "Arabic", "العربية"), ("he", "Hebrew", "עברית"), ("hi", "Hindi", "हिन्दी"),
    ("th", "Thai", "ไทย"),
)  # fmt: skip

REGIONS = (
    Region("GB", "United Kingdom", "United Kingdom", "en", 16,
           _words("Leeds, Bristol, Dundee, Swansea, Norwich"),
           _words("Mill Lane, Station Road, Orchard Close, Harbour Street"), "+44 1632",
           _pairs("Alice Oliver Freya Callum Imogen Rhys Isla Duncan Poppy Gareth"),
           _pairs("Ashworth Pemberton Mackay Llewellyn Thackeray Hargreaves Sinclair O'Brien/obrien")),
    Region("FR", "France", "France", "fr", 8, _words("Lyon, Rennes, Nîmes, Besançon"),
           _words("rue des Lilas, avenue de la Gare, quai Saint-Michel, place du Marché"), "+33 1",
           _pairs("Chloé/chloe Étienne/etienne Margaux Loïc/loic Anaïs/anais Benoît/benoit Océane/oceane"),
           _pairs("Lefèvre/lefevre Dubois Garçon/garcon Moreau Noël/noel Béranger/beranger")),
    Region("DE", "Germany", "Deutschland", "de", 8, _words("Köln, Leipzig, Würzburg, Kiel"),
           _words("Gartenstraße, Am Mühlbach, Lindenweg, Schlossplatz"), "+49 30",
           _pairs("Jürgen/juergen Käthe/kaethe Lukas Annika Björn/bjoern Sophie Götz/goetz"),
           _pairs("Müller/mueller Weiß/weiss Schröder/schroeder Krüger/krueger Vogel Hoffmann")),
    Region("ES", "Spain", "España", "es", 7, _words("Málaga, León, Cádiz, A Coruña"),
           _words("calle Mayor, paseo del Río, plaza de la Luna, avenida de América"), "+34 91",
           _pairs("Íñigo/inigo Lucía/lucia Martín/martin Begoña/begona Álvaro/alvaro Pilar"),
           _pairs("Muñoz/munoz Ibáñez/ibanez Romero Peña/pena García/garcia Ortega")),
    Region("PL", "Poland", "Polska", "pl", 5, _words("Łódź, Gdańsk, Poznań"),
           _words("ulica Długa, ulica Ogrodowa, aleja Róż"), "+48 22",
           _pairs("Zofia Łukasz/lukasz Małgorzata/malgorzata Paweł/pawel Żaneta/zaneta Jakub"),
           _pairs("Wiśniewska/wisniewska Dąbrowski/dabrowski Zieliński/zielinski Wójcik/wojcik")),
    Region("TR", "Türkiye", "Türkiye", "tr", 5, _words("İzmir, Eskişehir, Muğla"),
           _words("Çınar Sokak, Gül Caddesi, Deniz Yolu"), "+90 232",
           _pairs("Ayşe/ayse Çağlar/caglar İpek/ipek Oğuz/oguz Şule/sule Işıl/isil"),
           _pairs("Yılmaz/yilmaz Öztürk/ozturk Güneş/gunes Çelik/celik")),
    Region("RU", "Russia", "Россия", "ru", 6, _words("Казань, Томск, Псков"),
           _words("улица Садовая, Речной проспект, Липовая аллея"), "+7 843",
           _pairs("Анна/anna Пётр/pyotr Ольга/olga Игорь/igor Татьяна/tatyana Лев/lev"),
           _pairs("Соколова/sokolova Лебедев/lebedev Щукин/shchukin Ёлкина/yolkina")),
    Region("UA", "Ukraine", "Україна", "uk", 4, _words("Львів, Одеса, Полтава"),
           _words("вулиця Шевченка, вулиця Соборна, Зелений провулок"), "+380 32",
           _pairs("Оксана/oksana Юрій/yuriy Ївга/yivha Тарас/taras Соломія/solomiya"),
           _pairs("Коваленко/kovalenko Ґудзь/gudz Мельник/melnyk Єременко/yeremenko")),
    Region("GR", "Greece", "Ελλάδα", "el", 5, _words("Θεσσαλονίκη, Πάτρα, Χανιά"),
           _words("οδός Ερμού, λεωφόρος Νίκης, πλατεία Αγοράς"), "+30 231",
           _pairs("Ελένη/eleni Γιώργος/giorgos Δήμητρα/dimitra Νίκος/nikos Χλόη/chloi"),
           _pairs("Παπαδάκης/papadakis Ιωάννου/ioannou Ψαράς/psaras Ξένου/xenou")),
    Region("JP", "Japan", "日本", "ja", 9, _words("京都, 札幌, 福岡, 仙台"),
           _words("桜通り, 本町, 川端通り"), "+81 75",
           _pairs("さくら/sakura 健太/kenta 美咲/misaki 翔/sho 陽菜/hina 直樹/naoki"),
           _pairs("佐藤/sato 鈴木/suzuki 高橋/takahashi 渡辺/watanabe 髙木/takagi")),
    Region("CN", "China", "中国", "zh", 7, _words("成都, 杭州, 西安"),
           _words("人民路, 花园街, 湖滨路"), "+86 28",
           _pairs("伟/wei 芳/fang 秀英/xiuying 磊/lei 静/jing 龘/da"),
           _pairs("王/wang 李/li 张/zhang 刘/liu 欧阳/ouyang")),
    Region("KR", "South Korea", "대한민국", "ko", 5, _words("부산, 대구, 전주"),
           _words("벚꽃길, 한강로, 시장길"), "+82 51",
           _pairs("지민/jimin 서연/seoyeon 민준/minjun 하은/haeun 도윤/doyun"),
           _pairs("김/kim 이/lee 박/park 최/choi")),
    Region("EG", "Egypt", "مصر", "ar", 5, _words("القاهرة, الإسكندرية, أسوان"),
           _words("شارع النيل, شارع الورد, ميدان السلام"), "+20 2",
           _pairs("ليلى/layla يوسف/yusuf مريم/maryam خالد/khalid نور/nour"),
           _pairs("حسن/hassan إبراهيم/ibrahim السيد/elsayed منصور/mansour")),
    Region("IL", "Israel", "ישראל", "he", 3, _words("חיפה, באר שבע"),
           _words("רחוב הגפן, שדרות הים"), "+972 4",
           _pairs("נועה/noa יונתן/yonatan תמר/tamar איתן/eitan"),
           _pairs("לוי/levi מזרחי/mizrahi פרידמן/friedman")),
    Region("IN", "India", "भारत", "hi", 5, _words("जयपुर, लखनऊ, भोपाल"),
           _words("गांधी मार्ग, कमल गली, नदी पथ"), "+91 141",
           _pairs("आरव/aarav दीया/diya ऋषि/rishi प्रिया/priya लक्ष्मी/lakshmi"),
           _pairs("शर्मा/sharma सिंह/singh गुप्ता/gupta मिश्रा/mishra")),
    Region("TH", "Thailand", "ประเทศไทย", "th", 2, _words("เชียงใหม่, ขอนแก่น"),
           _words("ถนนดอกไม้, ซอยสายน้ำ"), "+66 53",
           _pairs("สมชาย/somchai มาลี/mali อนงค์/anong กิตติ/kitti"),
           _pairs("ใจดี/jaidee ศรีสุข/srisuk ทองดี/thongdee")),
)  # fmt: skip

CATEGORIES = (
    "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Family",
    "Fantasy", "Horror", "Musical", "Mystery", "Romance", "Science Fiction", "Sport", "Western",
)  # fmt: skip

ADJECTIVES = _words(
    "Amber, Borrowed, Broken, Careless, Crooked, Distant, Drowsy, Electric, Faithful, Forgotten, "
    "Frozen, Gentle, Gilded, Hidden, Hollow, Impossible, Invisible, Last, Lonely, Midnight, Paper, "
    "Patient, Quiet, Restless, Salted, Second, Silver, Sleeping, Stubborn, Sunken, Tangled, Thirsty, "
    "Unlikely, Velvet, Wandering, Whispering, Wild, Winter"
)
NOUNS = _words(
    "Almanac, Bakery, Balcony, Bridge, Caravan, Cartographer, Clockmaker, Comet, Compass, Corridor, "
    "Dancer, Detective, Embassy, Engine, Ferry, Garden, Glacier, Harbour, Hotel, Island, Kitchen, "
    "Lantern, Letter, Library, Lighthouse, Machine, Market, Meadow, Mirror, Museum, Neighbour, "
    "Orchard, Orchestra, Painter, Passenger, Pilot, Postman, Procession, Promise, Radio, River, "
    "Satellite, School, Shepherd, Station, Stranger, Summer, Tailor, Telescope, Theatre, Thunder, "
    "Train, Tunnel, Umbrella, Village, Violin, Voyage, Waltz, Whale, Widow"
)
ORIGINALS = {
    "fr": (" et ", _words("L’Été, La Gare, Le Phare, L’Œuvre, La Neige, Le Garçon, La Forêt, Le Théâtre")),
    "de": (" und ", _words("Der Müller, Die Brücke, Das Mädchen, Der Fluss, Die Straße, Das Schloss")),
    "es": (" y ", _words("El Niño, La Montaña, El Río, La Canción, El Café, La Estación")),
    "pl": (" i ", _words("Żółw, Księżyc, Rzeka, Źródło, Cień, Wiosna, Łódka")),
    "tr": (" ve ", _words("Gökyüzü, Işık, Ağaç, Deniz, Kış, Güneş")),
    "ru": (" и ", _words("Мост, Снег, Ёлка, Письмо, Река, Поезд, Щегол, Объезд")),
    "uk": (" і ", _words("Їжак, Ґанок, Весна, Лелека, Місто, Зірка")),
    "el": (" και ", _words("Η Θάλασσα, Ο Δρόμος, Το Φεγγάρι, Η Άνοιξη, Ο Ψαράς")),
    "ja": ("と", _words("海辺, 雪国の駅, 古い時計, 猫, 花火, 図書館, 秋の風")),
    "zh": ("与", _words("长夜, 茶馆, 孤岛, 月光, 旧城, 风筝, 龙舟")),
    "ko": (", ", _words("바다, 겨울 기차, 골목, 달빛, 편지, 나무")),
    "ar": (" و", _words("البحر, القمر, الطريق, المدينة, الشتاء, النخلة")),
    "he": (" ו", _words("ים, ירח, גשר, חורף, מכתב")),
    "hi": (" और ", _words("नदी, चाँद, सर्दी, रेलगाड़ी, बगीचा, पत्र")),
    "th": (" กับ", _words("ทะเล, ดวงจันทร์, สะพาน, ฤดูหนาว")),
}  # fmt: skip
HEROES = _words(
    "a retired lighthouse keeper, two rival bakers, a nervous astronaut, three sisters, a taxi driver, "
    "a clumsy spy, an honest thief, a village choir, a boy and his goat, a sleepless judge, "
    "a mountain guide, an exiled chess master"
)
DEEDS = _words(
    "must cross the desert, discovers an old map, falls for a stranger, loses everything in a night, "
    "is mistaken for a king, plans one last journey, opens a hotel at the end of the world, "
    "learns what silence means, wakes up a hundred years later, hides a whale"
)
PLACES = _words(
    "in a flooded city, on a train to nowhere, in postwar Lisbon, at the edge of the solar system, "
    "during the longest winter, on an island without clocks, in a forgotten cinema, behind the wall, "
    "in the shadow of a volcano"
)
NOTES = (
    "",
    "",
    "",
    "for the weekend",
    "с друзьями",
    "お誕生日",
    "avec les enfants",
    "الليلة",
    "🎬",
    "2×",
)
