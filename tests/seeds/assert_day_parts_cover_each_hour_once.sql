{# Fails when an hour of the day lies in no part of the day, or in two. #}
with

hours as (

    select
        date_key,
        date_key - 20200101 as hour_number
    from {{ ref('dim_date') }}
    where date_key between 20200101 and 20200124

),

day_parts as (

    select * from {{ ref('day_parts') }}

)

select hours.hour_number
from hours
left join day_parts
    on
        hours.hour_number >= day_parts.from_hour
        and hours.hour_number < day_parts.until_hour
group by hours.hour_number
having count(day_parts.day_part) <> 1
