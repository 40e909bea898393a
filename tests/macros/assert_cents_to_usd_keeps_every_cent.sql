{# Fails when an amount of cents becomes another amount of dollars. #}
with

amounts as (

    select
        29 as cents,
        cast('0.29' as decimal(18, 2)) as usd
    union all
    select
        -1 as cents,
        cast('-0.01' as decimal(18, 2)) as usd
    union all
    select
        1234567 as cents,
        cast('12345.67' as decimal(18, 2)) as usd

)

select * from amounts
where {{ cents_to_usd('cents') }} <> usd
