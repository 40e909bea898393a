{# Fails when an order's items, at the prices of its time, are not its subtotal; while
   a product is not on record, its price is not known and only the rest is compared. #}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

items as (

    select
        order_id,
        count(*) as item_count,
        sum(price_usd) as items_usd,
        sum(supply_cost_usd) as supply_cost_usd,
        max(case when price_usd is null then 1 else 0 end) = 1 as has_unknown
    from {{ ref('fct_order_items') }}
    group by order_id

)

select
    orders.order_id,
    orders.subtotal_usd,
    items.items_usd
from orders
left join items on orders.order_id = items.order_id
where
    (
        orders.subtotal_usd <> coalesce(items.items_usd, 0)
        and not coalesce(items.has_unknown, false)
    )
    or orders.item_count <> coalesce(items.item_count, 0)
    or orders.supply_cost_usd <> coalesce(items.supply_cost_usd, 0)
    or orders.total_usd <> orders.subtotal_usd + orders.tax_usd
