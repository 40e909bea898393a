with

supplies as (

    {{ versions_by_key(
        source('ecom', 'supplies'),
        keys=['id', 'sku'],
        changed_at='updated_at',
        attributes=['name', 'cost', 'perishable'],
    ) }}

),

renamed as (

    select
        id as supply_id,
        sku as product_id,

        trim(name) as supply_name,

        {{ cents_to_usd('cost') }} as cost_usd,

        perishable as is_perishable,

        updated_at as valid_from,
        _next_changed_at as valid_to,

        _loaded_at

    from supplies

)

select * from renamed
