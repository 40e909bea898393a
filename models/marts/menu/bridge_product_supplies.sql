with

products as (

    select * from {{ ref('dim_products') }}

),

supplies as (

    select * from {{ ref('base_ecom__supplies') }}

),

{# a change of a supply makes a product version, so what holds when the version ends
   has held all through it #}
products_supplied as (

    select
        products.product_key,
        coalesce(supplies.supply_id, {{ unknown_key() }}) as supply_id,
        coalesce(supplies.cost_usd, 0) as cost_usd
    from products
    left join supplies
        on
            products.product_id = supplies.product_id
            and products.valid_to > supplies.valid_from
            and products.valid_to
            <= coalesce(supplies.valid_to, {{ end_of_time() }})

),

products_summed as (

    select
        product_key,
        count(*) as supply_count,
        sum(cost_usd) as cost_usd
    from products_supplied
    group by product_key

),

bridge_product_supplies as (

    select
        {{ surrogate_key([
            'products_supplied.product_key', 'products_supplied.supply_id',
        ]) }} as product_supply_key,
        products_supplied.product_key,
        case
            when products_supplied.supply_id = {{ unknown_key() }}
                then {{ unknown_key() }}
            else {{ surrogate_key(['products_supplied.supply_id']) }}
        end as supply_key,

        cast(products_supplied.cost_usd as decimal(18, 2)) as cost_usd,
        {# what costs nothing is shared out evenly: the shares still add up to one #}
        case
            when products_summed.cost_usd = 0
                then {{ ratio('1', 'products_summed.supply_count') }}
            else {{ ratio('products_supplied.cost_usd', 'products_summed.cost_usd') }}
        end as cost_share

    from products_supplied
    inner join products_summed
        on products_supplied.product_key = products_summed.product_key

)

select * from bridge_product_supplies
