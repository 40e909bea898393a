{# Fails when facts joined to the bridge lose an item, or cost more or less than before:
   items are sold under old versions of a product too. #}
with

items as (

    select
        product_key,
        count(*) as item_count,
        coalesce(sum(supply_cost_usd), 0) as supply_cost_usd
    from {{ ref('fct_order_items') }}
    group by product_key

),

supplies as (

    select
        product_key,
        sum(cost_usd) as cost_usd
    from {{ ref('bridge_product_supplies') }}
    group by product_key

)

select
    items.product_key,
    items.supply_cost_usd,
    items.item_count * supplies.cost_usd as supplies_usd
from items
left join supplies on items.product_key = supplies.product_key
where
    supplies.product_key is null
    or items.supply_cost_usd <> items.item_count * supplies.cost_usd
