with

products as (

    {{ versions_by_key(
        source('ecom', 'products'),
        keys=['sku'],
        changed_at='updated_at',
        attributes=['name', 'type', 'description', 'price'],
    ) }}

),

renamed as (

    select
        sku as product_id,

        trim(name) as product_name,
        trim(type) as product_type,
        trim(description) as product_description,

        {{ cents_to_usd('price') }} as price_usd,

        updated_at as valid_from,
        _next_changed_at as valid_to,

        _loaded_at

    from products

)

select * from renamed
