with

stores as (

    {{ latest_by_key(source('ecom', 'stores'), ['id']) }}

),

renamed as (

    select
        id as store_id,

        trim(name) as store_name,

        tax_rate,

        cast(opened_at as date) as opening_date,

        _loaded_at

    from stores

)

select * from renamed
