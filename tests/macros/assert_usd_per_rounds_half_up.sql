{# Fails when an amount for each is not the nearest cent, or a half does not go up. #}
with

amounts as (

    select
        cast('10.00' as decimal(18, 2)) as total_usd,
        3 as number,
        cast('3.33' as decimal(18, 2)) as each_usd
    union all
    select
        cast('24.69' as decimal(18, 2)) as total_usd,
        2 as number,
        cast('12.35' as decimal(18, 2)) as each_usd
    union all
    select
        cast('-24.69' as decimal(18, 2)) as total_usd,
        2 as number,
        cast('-12.35' as decimal(18, 2)) as each_usd
    union all
    select
        cast('0.00' as decimal(18, 2)) as total_usd,
        7 as number,
        cast('0.00' as decimal(18, 2)) as each_usd
    union all
    select
        cast('2.01' as decimal(18, 2)) as total_usd,
        2 as number,
        cast('1.01' as decimal(18, 2)) as each_usd

)

select * from amounts
where {{ usd_per('total_usd', 'number') }} <> each_usd
