with

orders as (

    {{ latest_by_key(source('ecom', 'orders'), ['id']) }}

),

renamed as (

    select
        id as order_id,
        customer as customer_id,
        store_id,

        {{ cents_to_usd('subtotal') }} as subtotal_usd,
        {{ cents_to_usd('tax_paid') }} as tax_usd,
        {{ cents_to_usd('order_total') }} as total_usd,

        ordered_at,

        _loaded_at

    from orders

)

select * from renamed
