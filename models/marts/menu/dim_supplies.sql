with

supplies as (

    select * from {{ ref('stg_ecom__supplies') }}

),

{# the source repeats a supply for every product that uses it #}
dim_supplies as (

    select
        {{ surrogate_key(['supply_id']) }} as supply_key,
        supply_id,

        max(supply_name) as supply_name,

        max(cost_usd) as cost_usd,

        max(case when is_perishable then 1 else 0 end) = 1 as is_perishable

    from supplies
    group by supply_id

    union all

    select
        {{ unknown_key() }} as supply_key,
        {{ unknown_key() }} as supply_id,
        {{ unknown_key() }} as supply_name,
        cast(0 as decimal(18, 2)) as cost_usd,
        false as is_perishable

)

select * from dim_supplies
