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

)

select * from dim_supplies
