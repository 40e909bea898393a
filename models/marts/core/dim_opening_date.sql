with

dates as (

    select * from {{ ref('dim_date') }}

),

dim_opening_date as (

    select
        date_key as opening_date_key,

        year_number as opening_year,
        quarter_of_year as opening_quarter,
        month_of_year as opening_month,
        day_of_month as opening_day_of_month,
        day_of_week as opening_day_of_week,

        is_weekend as is_opening_on_weekend,

        date_day as opening_date,
        month_start_date as opening_month_start_date

    from dates

)

select * from dim_opening_date
