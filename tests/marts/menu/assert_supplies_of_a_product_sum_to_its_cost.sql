{# Fails when the bridge does not add up to the product's current supply cost. #}
with

products as (

    select * from {{ ref('dim_products') }}
    where is_current

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
    products.product_id,
    products.supply_cost_usd,
    supplies.cost_usd
from products
left join supplies on products.product_key = supplies.product_key
where
    coalesce(supplies.cost_usd, 0) <> products.supply_cost_usd
    or abs(coalesce(supplies.cost_share, 1) - 1) > 0.000001
