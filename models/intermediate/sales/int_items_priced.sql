{{ config(unique_key='item_id', partition_by=['month(ordered_at)']) }}

with

items as (

    select * from {{ ref('stg_ecom__items') }}

),

orders as (

    select * from {{ ref('stg_ecom__orders') }}

),

products as (

    select * from {{ ref('int_products_costed') }}

),

{# items whose order has not arrived yet wait here: it brings them with it #}
items_joined as (

    select
        items.item_id,
        items.order_id,
        items.product_id,
        products.product_key,

        products.price_usd,
        products.supply_cost_usd,

        products.is_food,

        orders.ordered_at,

        greatest(
            items._loaded_at, orders._loaded_at, products._loaded_at
        ) as _loaded_at

    from items
    inner join orders on items.order_id = orders.order_id
    left join products
        on
            items.product_id = products.product_id
            and orders.ordered_at >= products.valid_from
            and orders.ordered_at < products.valid_to

),

int_items_priced as (

    select * from items_joined
    where {{ loaded_since_last_build(['_loaded_at']) }}

)

select * from int_items_priced
