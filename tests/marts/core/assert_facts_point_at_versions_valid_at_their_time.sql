{# Fails when a fact keeps the key of a version that did not hold when it happened. #}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

items as (

    select * from {{ ref('fct_order_items') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

products as (

    select * from {{ ref('dim_products') }}

)

select
    orders.order_id as fact_id,
    customers.customer_key as version_key
from orders
inner join customers on orders.customer_key = customers.customer_key
where
    orders.ordered_at < customers.valid_from
    or orders.ordered_at >= customers.valid_to

union all

select
    items.item_id as fact_id,
    products.product_key as version_key
from items
inner join products on items.product_key = products.product_key
where
    items.ordered_at < products.valid_from
    or items.ordered_at >= products.valid_to
