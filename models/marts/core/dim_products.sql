with

products as (

    select * from {{ ref('int_products_costed') }}

),

products_current as (

    select * from products
    where is_current

),

dim_products as (

    select
        products.product_key,
        products.product_id,

        products.product_name,
        products.product_type,
        products.product_description,
        products_current.product_name as current_product_name,

        products.version_number,
        products.price_usd,
        products.supply_cost_usd,
        products_current.price_usd as current_price_usd,
        products_current.supply_cost_usd as current_supply_cost_usd,

        products.is_food,
        products.is_current,

        products.valid_from,
        products.valid_to

    from products
    inner join products_current
        on products.product_id = products_current.product_id

    union all

    {# what it costs is not known either: null, which sums pass over, and not zero #}
    select
        {{ unknown_key() }} as product_key,
        {{ unknown_key() }} as product_id,
        {{ unknown_key() }} as product_name,
        {{ unknown_key() }} as product_type,
        {{ unknown_key() }} as product_description,
        {{ unknown_key() }} as current_product_name,
        1 as version_number,
        cast(null as decimal(18, 2)) as price_usd,
        cast(null as decimal(18, 2)) as supply_cost_usd,
        cast(null as decimal(18, 2)) as current_price_usd,
        cast(null as decimal(18, 2)) as current_supply_cost_usd,
        cast(null as boolean) as is_food,
        true as is_current,
        {{ start_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to

)

select * from dim_products
