{# Fails when a day's key is not its year, month and day. #}
select {{ date_key("cast('2020-09-01 23:59:59' as timestamp)") }} as day_key
where {{ date_key("cast('2020-09-01 23:59:59' as timestamp)") }} <> 20200901
