with

supplies as (

    select * from {{ ref('stg_ecom__supplies') }}

),

products as (

    select * from {{ ref('dim_products') }}
    where is_current

),

bridge_product_supplies as (

    select
        {{ surrogate_key(['products.product_id', 'supplies.supply_id']) }}
            as product_supply_key,
        products.product_key,
        {{ surrogate_key(['supplies.supply_id']) }} as supply_key,

        supplies.cost_usd,
        cast(
            supplies.cost_usd
            / nullif(sum(supplies.cost_usd) over (
                partition by products.product_id
            ), 0) as double
        ) as cost_share

    from supplies
    inner join products on supplies.product_id = products.product_id

)

select * from bridge_product_supplies
