"""The definitions of the movie-rental database: tables, indexes, views, as MySQL would have them."""

from __future__ import annotations

_TABLES = """\
CREATE TABLE language (
  language_id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(40) NOT NULL, -- in English
  endonym VARCHAR(40) NOT NULL, -- as its speakers call it
  code CHAR(2) NOT NULL UNIQUE,
  last_update TIMESTAMP NOT NULL
);
CREATE TABLE category (
  -- what a film is about
  category_id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(25) NOT NULL UNIQUE,
  last_update DATETIME(0) NOT NULL
);
CREATE TABLE film (
  -- films on offer
  film_id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  title VARCHAR(160) NOT NULL, -- as it stands on the shelf
  original_title VARCHAR(160), -- where it was not made in English
  description TEXT,
  release_year SMALLINT UNSIGNED NOT NULL,
  language_id TINYINT UNSIGNED NOT NULL REFERENCES language (language_id),
  rental_duration TINYINT UNSIGNED NOT NULL, -- days before a return is late
  rental_rate DECIMAL(4,2) NOT NULL, -- USD
  length SMALLINT UNSIGNED NOT NULL, -- minutes
  replacement_cost DECIMAL(5,2) NOT NULL, -- USD, the most that a late return costs
  rating VARCHAR(4) NOT NULL, -- the youngest age it is for
  score DOUBLE, -- of critics, 0 to 10
  details JSON, -- features and sound of the disc
  subtitled TINYINT(1) NOT NULL,
  last_update DATETIME(0) NOT NULL
);
CREATE TABLE film_category (
  film_id SMALLINT UNSIGNED NOT NULL REFERENCES film (film_id),
  category_id TINYINT UNSIGNED NOT NULL REFERENCES category (category_id),
  last_update DATETIME(0) NOT NULL,
  PRIMARY KEY (film_id, category_id)
);
CREATE TABLE actor (
  actor_id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  first_name VARCHAR(45) NOT NULL,
  last_name VARCHAR(45) NOT NULL,
  born DATE,
  last_update TIMESTAMP NOT NULL
);
CREATE TABLE film_actor (
  actor_id SMALLINT UNSIGNED NOT NULL REFERENCES actor (actor_id),
  film_id SMALLINT UNSIGNED NOT NULL REFERENCES film (film_id),
  billing TINYINT UNSIGNED NOT NULL, -- place in the credits
  PRIMARY KEY (actor_id, film_id)
);
CREATE TABLE country (
  country_id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(50) NOT NULL,
  endonym VARCHAR(50) NOT NULL,
  code CHAR(2) NOT NULL UNIQUE
);
CREATE TABLE city (
  city_id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(50) NOT NULL,
  country_id SMALLINT UNSIGNED NOT NULL REFERENCES country (country_id)
);
CREATE TABLE address (
  address_id INT UNSIGNED NOT NULL PRIMARY KEY,
  street VARCHAR(80) NOT NULL,
  postal_code VARCHAR(10),
  city_id SMALLINT UNSIGNED NOT NULL REFERENCES city (city_id),
  phone VARCHAR(20)
);
CREATE TABLE store (
  store_id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(60) NOT NULL,
  address_id INT UNSIGNED NOT NULL REFERENCES address (address_id),
  opens TIME(0) NOT NULL,
  closes TIME(0) NOT NULL
);
CREATE TABLE staff (
  staff_id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  first_name VARCHAR(45) NOT NULL,
  last_name VARCHAR(45) NOT NULL,
  address_id INT UNSIGNED NOT NULL REFERENCES address (address_id),
  store_id TINYINT UNSIGNED NOT NULL REFERENCES store (store_id),
  email VARCHAR(80),
  hired DATE NOT NULL,
  picture BLOB,
  salary DECIMAL(10,2)
);
CREATE TABLE customer (
  -- members
  customer_id INT UNSIGNED NOT NULL PRIMARY KEY,
  store_id TINYINT UNSIGNED NOT NULL REFERENCES store (store_id),
  first_name VARCHAR(45) NOT NULL,
  last_name VARCHAR(45) NOT NULL,
  email VARCHAR(80),
  address_id INT UNSIGNED NOT NULL REFERENCES address (address_id),
  card_number BIGINT UNSIGNED NOT NULL UNIQUE, -- of the membership card
  active TINYINT(1) NOT NULL,
  credit_limit DECIMAL(7,2),
  birth_date DATE,
  create_date DATETIME(0) NOT NULL,
  last_update DATETIME(0)
);
CREATE TABLE inventory (
  inventory_id INT UNSIGNED NOT NULL PRIMARY KEY,
  film_id SMALLINT UNSIGNED NOT NULL REFERENCES film (film_id),
  store_id TINYINT UNSIGNED NOT NULL REFERENCES store (store_id),
  medium VARCHAR(8) NOT NULL,
  bought DATE NOT NULL
);
CREATE TABLE rental (
  rental_id BIGINT NOT NULL PRIMARY KEY,
  rental_date DATETIME(0) NOT NULL,
  inventory_id INT UNSIGNED NOT NULL REFERENCES inventory (inventory_id),
  film_id SMALLINT UNSIGNED NOT NULL REFERENCES film (film_id),
  customer_id INT UNSIGNED NOT NULL REFERENCES customer (customer_id),
  return_date DATETIME(0), -- NULL while it is out
  staff_id TINYINT UNSIGNED NOT NULL REFERENCES staff (staff_id),
  last_update DATETIME(0) NOT NULL
);
CREATE TABLE payment (
  payment_id BIGINT NOT NULL PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL REFERENCES customer (customer_id),
  staff_id TINYINT UNSIGNED NOT NULL REFERENCES staff (staff_id),
  rental_id BIGINT NOT NULL REFERENCES rental (rental_id),
  amount DECIMAL(6,2) NOT NULL, -- USD; a rental may be paid in parts
  payment_date DATETIME(0) NOT NULL,
  method VARCHAR(8) NOT NULL
);
CREATE TABLE wish_list (
  customer_id INT UNSIGNED NOT NULL REFERENCES customer (customer_id),
  film_id SMALLINT UNSIGNED NOT NULL REFERENCES film (film_id),
  note VARCHAR(120),
  PRIMARY KEY (customer_id, film_id)
);
"""

TABLES = tuple(_TABLES.rstrip(";\n").split(";\n"))
INDEXES = (
    "CREATE INDEX rental_customer ON rental (customer_id)",
    "CREATE INDEX payment_customer ON payment (customer_id)",
)

_VIEWS = """\
CREATE VIEW customer_list AS
  SELECT c.customer_id, c.first_name || ' ' || c.last_name AS name, a.street, a.postal_code,
         a.phone, i.name AS city, o.name AS country, c.active, c.store_id
  FROM customer c JOIN address a USING (address_id) JOIN city i USING (city_id)
  JOIN country o USING (country_id);
CREATE VIEW staff_list AS
  SELECT s.staff_id, s.first_name || ' ' || s.last_name AS name, a.phone, t.name AS store
  FROM staff s JOIN address a USING (address_id) JOIN store t USING (store_id);
CREATE VIEW film_list AS
  SELECT f.film_id, f.title, f.original_title, c.name AS category, l.name AS language,
         f.rental_rate, f.length, f.rating
  FROM film f JOIN film_category USING (film_id) JOIN category c USING (category_id)
  JOIN language l USING (language_id);
CREATE VIEW actor_films AS
  SELECT a.actor_id, a.first_name, a.last_name, count(*) AS films, min(f.release_year) AS first_year,
         max(f.release_year) AS last_year
  FROM actor a JOIN film_actor USING (actor_id) JOIN film f USING (film_id)
  GROUP BY a.actor_id, a.first_name, a.last_name;
CREATE VIEW film_stock AS
  SELECT film_id, store_id, count(*) AS copies FROM inventory GROUP BY film_id, store_id;
CREATE VIEW late_list AS
  SELECT r.rental_id, r.customer_id, r.film_id, r.rental_date, f.rental_duration
  FROM rental r JOIN film f USING (film_id)
  WHERE r.return_date IS NULL
     OR {days_out} > f.rental_duration + 1;
CREATE VIEW sales_by_category AS
  SELECT c.name AS category, sum(p.amount) AS total_sales
  FROM payment p JOIN rental r USING (rental_id) JOIN film_category fc ON fc.film_id = r.film_id
  JOIN category c USING (category_id) GROUP BY c.name;
CREATE VIEW sales_by_store AS
  SELECT t.store_id, t.name AS store, sum(p.amount) AS total_sales
  FROM payment p JOIN staff s USING (staff_id) JOIN store t USING (store_id)
  GROUP BY t.store_id, t.name;
"""

_DAYS_OUT = {
    "sqlite": "julianday(r.return_date) - julianday(r.rental_date)",
    "mysql": "timestampdiff(SECOND, r.rental_date, r.return_date) / 86400",
}


def views(dialect: str) -> tuple[str, ...]:
    """CREATE VIEW statements as `sqlite` or `mysql` understands them."""
    return tuple(_VIEWS.format(days_out=_DAYS_OUT[dialect]).rstrip(";\n").split(";\n"))
