with

supplies as (

    select * from {{ ref('base_ecom__supplies') }}

),

renamed as (

    select
        supply_id,
        product_id,

        supply_name,

        cost_usd,

        is_perishable,

        valid_from as updated_at,

        _loaded_at

    from supplies
    where valid_to is null

)

select * from renamed
