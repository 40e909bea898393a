{{ config(unique_key='item_id', partition_by=['month(ordered_at)']) }}

with

items as (

    select * from {{ ref('int_items_priced') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

fct_order_items as (

    select
        items.item_id,
        items.order_id,
        coalesce(items.product_key, {{ unknown_key() }}) as product_key,
        orders.customer_key,
        orders.store_key,
        orders.order_profile_key,
        orders.order_date_key,

        items.price_usd,
        items.supply_cost_usd,
        cast(
            items.price_usd - items.supply_cost_usd as decimal(18, 2)
        ) as gross_profit_usd,

        orders.order_date,
        orders.ordered_at,

        orders._loaded_at

    from items
    inner join orders on items.order_id = orders.order_id
    where {{ loaded_since_last_build(['orders._loaded_at']) }}

)

select * from fct_order_items
