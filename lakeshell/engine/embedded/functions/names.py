"""Which module of this package holds a function, so that only what a query calls is loaded.

In: nothing. Out: names. `REFUSED` are functions of Trino that this engine doesn't run.
"""

from __future__ import annotations

SCALARS = {
    "conditional": "if nullif coalesce try greatest least typeof",
    "math": (
        "abs acos asin atan atan2 cbrt ceil ceiling cos cosh degrees e exp floor from_base infinity"
        " is_finite is_infinite is_nan ln log log10 log2 mod nan pi pow power radians rand random"
        " round sign sin sinh sqrt tan tanh to_base truncate width_bucket"
    ),
    "vector": "cosine_distance cosine_similarity dot_product euclidean_distance",
    "bitwise": (
        "bit_count bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift"
        " bitwise_right_shift_arithmetic bitwise_xor"
    ),
    "concat": "concat",
    "string": (
        "length chr codepoint replace reverse strpos substring substr split split_part split_to_map"
        " split_to_multimap trim ltrim rtrim lower upper lpad rpad levenshtein_distance"
        " hamming_distance luhn_check starts_with translate concat_ws to_utf8"
    ),
    "datetime": (
        "year quarter month week week_of_year day day_of_month day_of_week dow day_of_year doy"
        " year_of_week yow last_day_of_month hour minute second millisecond date_trunc date_add"
        " date_diff date to_milliseconds"
    ),
    "datetime_format": (
        "date_format format_datetime date_parse parse_datetime to_iso8601 from_iso8601_timestamp"
        " from_iso8601_date"
    ),
    "datetime_zones": (
        "from_unixtime from_unixtime_nanos from_iso8601_timestamp_nanos to_unixtime at_timezone"
        " with_timezone timezone timezone_hour timezone_minute now current_timezone"
        " human_readable_seconds parse_duration"
    ),
    "array": (
        "cardinality contains array_position array_remove contains_sequence array_distinct"
        " array_intersect array_union array_except arrays_overlap array_max array_min array_sort"
        " array_join array_histogram element_at flatten slice trim_array ngrams combinations repeat"
        " shuffle sequence zip"
    ),
    "lambda_": "transform filter any_match all_match none_match zip_with reduce",
    "map": (
        "map map_keys map_values map_entries map_from_entries multimap_from_entries map_concat"
        " map_filter transform_keys transform_values map_zip_with"
    ),
    "regexp": (
        "regexp_like regexp_extract regexp_extract_all regexp_count regexp_split regexp_position"
        " regexp_replace"
    ),
    "binary": (
        "md5 sha1 sha256 sha512 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 crc32 murmur3 xxhash64 to_hex"
        " to_base64 to_base64url to_base32 from_hex from_base64 from_base64url from_base32"
        " to_big_endian_32 to_big_endian_64 from_big_endian_32 from_big_endian_64 to_ieee754_32"
        " to_ieee754_64 from_ieee754_32 from_ieee754_64 from_utf8 uuid"
    ),
    "url": (
        "url_extract_protocol url_extract_host url_extract_path url_extract_query"
        " url_extract_fragment url_extract_port url_extract_parameter url_encode url_decode"
    ),
    "format": "format",
    "text": "normalize soundex format_number parse_data_size parse_presto_data_size",
    "json": (
        "json_parse json_format json_extract json_extract_scalar json_size json_array_length"
        " json_array_get json_array_contains is_json_scalar"
    ),
}
"""module -> names of the scalar functions in its `SCALARS`."""

AGGREGATES = {
    "reduction": "reduce_agg",
    "aggregate": (
        "any_value approx_distinct approx_percentile arbitrary array_agg avg bitwise_and_agg"
        " bitwise_or_agg bitwise_xor_agg bool_and bool_or count count_if every histogram listagg"
        " map_agg map_union max max_by min min_by multimap_agg sum"
    ),
    "statistics": (
        "corr covar_pop covar_samp geometric_mean kurtosis regr_intercept regr_slope skewness"
        " stddev stddev_pop stddev_samp var_pop var_samp variance"
    ),
}
WINDOWS = {
    "window": (
        "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank"
        " row_number"
    ),
}
REFUSED_AGGREGATES = (
    "approx_most_frequent approx_set checksum make_set_digest merge merge_set_digest"
    " numeric_histogram qdigest_agg tdigest_agg"
)
"""Of `REFUSED`, so that a statement's other faults are still found as Trino finds them."""
REFUSED = (
    f"{REFUSED_AGGREGATES} bar beta_cdf color combinations"
    " empty_approx_set hash_counts intersection_cardinality inverse_beta_cdf inverse_normal_cdf"
    " jaccard_index normal_cdf quantile_at_value render rgb t_cdf t_pdf value_at_quantile"
    " values_at_quantiles wilson_interval_lower wilson_interval_upper word_stem current_groups"
    " version spooky_hash_v2_32 spooky_hash_v2_64"
)

SPELLED = (
    "concat flatten greatest least map map_concat map_filter map_zip_with reduce transform"
    " transform_keys transform_values zip zip_with"
)
"""Functions whose type variables Trino's errors show in upper case."""


def index(modules: dict[str, str]) -> dict[str, str]:
    """name -> module."""
    return {name: module for module, names in modules.items() for name in names.split()}
