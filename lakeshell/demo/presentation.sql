-- The presentation layer of the movie rental: what the business looks at.
CREATE SCHEMA IF NOT EXISTS lake.presentation;

CREATE OR REPLACE TABLE lake.presentation.revenue_by_category_month AS
SELECT
    c.name AS category,
    CAST(date_trunc('month', p.payment_date) AS date) AS month,
    count(DISTINCT p.rental_id) AS rentals,
    sum(p.amount) AS revenue
FROM lake.raw.payment p
JOIN lake.raw.rental r ON r.rental_id = p.rental_id
JOIN lake.raw.film_category fc ON fc.film_id = r.film_id
JOIN lake.raw.category c ON c.category_id = fc.category_id
GROUP BY 1, 2;

CREATE OR REPLACE TABLE lake.presentation.top_customers AS
SELECT
    rank() OVER (ORDER BY sum(p.amount) DESC) AS rank,
    c.customer_id,
    c.first_name || ' ' || c.last_name AS customer,
    count(DISTINCT p.rental_id) AS rentals,
    sum(p.amount) AS paid
FROM lake.raw.payment p
JOIN lake.raw.customer c ON c.customer_id = p.customer_id
GROUP BY c.customer_id, c.first_name, c.last_name;

CREATE OR REPLACE TABLE lake.presentation.late_returns AS
SELECT
    c.name AS category,
    count(*) AS rentals,
    count_if(date_diff('day', r.rental_date, r.return_date) > f.rental_duration) AS late,
    CAST(
        count_if(date_diff('day', r.rental_date, r.return_date) > f.rental_duration)
            * 1.000 / count(*) AS decimal(4, 3)
    ) AS late_share
FROM lake.raw.rental r
JOIN lake.raw.film f ON f.film_id = r.film_id
JOIN lake.raw.film_category fc ON fc.film_id = r.film_id
JOIN lake.raw.category c ON c.category_id = fc.category_id
WHERE r.return_date IS NOT NULL
GROUP BY c.name;
