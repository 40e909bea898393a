with

day_parts as (

    select * from {{ ref('day_parts') }}

),

flags as (

    select true as flag
    union all
    select false as flag

),

flags_combined as (

    select
        day_parts.day_part,
        food.flag as has_food,
        drink.flag as has_drink,
        tax_exempt.flag as is_tax_exempt
    from day_parts
    cross join flags as food
    cross join flags as drink
    cross join flags as tax_exempt

),

dim_order_profiles as (

    select
        {{ order_profile_key() }} as order_profile_key,

        day_part,

        has_food,
        has_drink,
        is_tax_exempt

    from flags_combined

)

select * from dim_order_profiles
