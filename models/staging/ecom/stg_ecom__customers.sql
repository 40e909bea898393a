with

customers as (

    {{ latest_by_key(source('ecom', 'customers'), ['id'], 'updated_at') }}

),

renamed as (

    select
        id as customer_id,

        trim(name) as customer_name,

        updated_at,

        _loaded_at

    from customers

)

select * from renamed
