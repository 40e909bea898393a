with

items as (

    {{ latest_by_key(source('ecom', 'items'), ['id']) }}

),

renamed as (

    select
        id as item_id,
        order_id,
        sku as product_id,

        _loaded_at

    from items

)

select * from renamed
