{# Fails when the bridge does not add up to the supply cost of a product's version. #}
with

products as (

    select * from {{ ref('dim_products') }}

),

supplies as (

    select
        product_key,
        sum(cost_usd) as cost_usd,
        sum(cost_share) as cost_share
    from {{ ref('bridge_product_supplies') }}
    group by product_key

)

select
    products.product_key,
    products.supply_cost_usd,
    supplies.cost_usd
from products
left join supplies on products.product_key = supplies.product_key
where
    supplies.product_key is null
    or supplies.cost_usd <> coalesce(products.supply_cost_usd, 0)
    or abs(supplies.cost_share - 1) > 0.000001
