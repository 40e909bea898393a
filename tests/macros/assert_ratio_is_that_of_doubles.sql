{# Fails when a ratio of decimals is rounded as a decimal, or by zero is a value. #}
select cast('1.69' as decimal(18, 2)) as part
where
    {{ ratio("cast('1.69' as decimal(18, 2))", "cast('2.51' as decimal(18, 2))") }}
    <> cast('1.69' as double) / cast('2.51' as double)
    or {{ ratio('1', '0') }} is not null
