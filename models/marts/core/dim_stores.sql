with

stores as (

    select * from {{ ref('stg_ecom__stores') }}

),

store_regions as (

    select * from {{ ref('store_regions') }}

),

orders as (

    select * from {{ ref('int_orders_itemized') }}

),

{# a store that sells before its record arrives: its key is right from the start #}
stores_awaited as (

    select distinct orders.store_id
    from orders
    left join stores on orders.store_id = stores.store_id
    where stores.store_id is null

),

dim_stores as (

    select
        {{ surrogate_key(['stores.store_id']) }} as store_key,
        stores.store_id,
        {{ date_key('stores.opening_date') }} as opening_date_key,

        stores.store_name,
        coalesce(store_regions.state_code, {{ unknown_key() }}) as state_code,
        coalesce(store_regions.region, {{ unknown_key() }}) as region,

        stores.tax_rate,

        true as is_on_record,

        stores.opening_date

    from stores
    left join store_regions on stores.store_name = store_regions.store_name

    union all

    select
        {{ surrogate_key(['store_id']) }} as store_key,
        store_id,
        cast(null as integer) as opening_date_key,
        {{ unknown_key() }} as store_name,
        {{ unknown_key() }} as state_code,
        {{ unknown_key() }} as region,
        cast(null as decimal(9, 4)) as tax_rate,
        false as is_on_record,
        cast(null as date) as opening_date
    from stores_awaited

)

select * from dim_stores
