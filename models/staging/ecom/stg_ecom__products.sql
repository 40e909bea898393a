with

products as (

    select * from {{ ref('base_ecom__products') }}

),

renamed as (

    select
        product_id,

        product_name,
        product_type,
        product_description,

        price_usd,

        valid_from as updated_at,

        _loaded_at

    from products
    where valid_to is null

)

select * from renamed
