{# Fails when a leap year does not have 366 days, from its first to its last. #}
with

days as (

    {{ days_between('2020-01-01', '2020-12-31') }}

)

select count(*) as day_count
from days
having
    count(*) <> 366
    or count(distinct date_day) <> 366
    or min(date_day) <> cast('2020-01-01' as date)
    or max(date_day) <> cast('2020-12-31' as date)
