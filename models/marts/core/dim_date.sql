with

days as (

    {{ days_between(var('first_date'), var('last_date')) }}

),

days_split as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(quarter from date_day) as integer) as quarter_of_year,
        cast(extract(month from date_day) as integer) as month_of_year,
        cast(extract(day from date_day) as integer) as day_of_month,
        {# 2018-01-01 was a Monday: a count of days needs no engine's idea of a week #}
        cast(
            {{ dbt.datediff("cast('2018-01-01' as date)", 'date_day', 'day') }} % 7 + 1
            as integer
        ) as day_of_week
    from days

),

dim_date as (

    select
        {{ date_key('date_day') }} as date_key,

        year_number,
        quarter_of_year,
        month_of_year,
        day_of_month,
        day_of_week,

        day_of_week >= 6 as is_weekend,

        date_day,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start_date

    from days_split

)

select * from dim_date
