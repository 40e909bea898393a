{{ config(unique_key='order_id', partition_by=['month(ordered_at)']) }}

with

orders as (

    select * from {{ ref('stg_ecom__orders') }}

),

items as (

    select * from {{ ref('int_items_priced') }}

),

items_summed as (

    select
        order_id,
        count(*) as item_count,
        sum(case when is_food then 1 else 0 end) as food_count,
        {# an item whose product is not on record yet is neither food nor drink #}
        sum(case when not is_food then 1 else 0 end) as drink_count,
        sum(price_usd) as items_usd,
        sum(supply_cost_usd) as supply_cost_usd,
        max(_loaded_at) as _loaded_at
    from items
    group by order_id

),

int_orders_itemized as (

    select
        orders.order_id,
        orders.customer_id,
        orders.store_id,

        cast(coalesce(items_summed.item_count, 0) as bigint) as item_count,
        cast(coalesce(items_summed.food_count, 0) as bigint) as food_count,
        cast(coalesce(items_summed.drink_count, 0) as bigint) as drink_count,
        orders.subtotal_usd,
        orders.tax_usd,
        orders.total_usd,
        cast(coalesce(items_summed.items_usd, 0) as decimal(18, 2)) as items_usd,
        cast(
            coalesce(items_summed.supply_cost_usd, 0) as decimal(18, 2)
        ) as supply_cost_usd,

        orders.ordered_at,

        greatest(orders._loaded_at, items_summed._loaded_at) as _loaded_at

    from orders
    left join items_summed on orders.order_id = items_summed.order_id
    where
        {{ loaded_since_last_build(['orders._loaded_at', 'items_summed._loaded_at']) }}

)

select * from int_orders_itemized
