with

dates as (

    select * from {{ ref('dim_date') }}

),

dim_order_date as (

    select
        date_key as order_date_key,

        year_number as order_year,
        quarter_of_year as order_quarter,
        month_of_year as order_month,
        day_of_month as order_day_of_month,
        day_of_week as order_day_of_week,

        is_weekend as is_order_on_weekend,

        date_day as order_date,
        month_start_date as order_month_start_date

    from dates

)

select * from dim_order_date
