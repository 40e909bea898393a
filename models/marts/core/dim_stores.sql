with

stores as (

    select * from {{ ref('stg_ecom__stores') }}

),

store_regions as (

    select * from {{ ref('store_regions') }}

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

        stores.opening_date

    from stores
    left join store_regions on stores.store_name = store_regions.store_name

)

select * from dim_stores
