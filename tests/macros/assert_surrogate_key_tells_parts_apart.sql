{# Fails when parts that read the same one after the other share a key. #}
with

pairs as (

    select
        'a|b' as a,
        'c' as b
    union all
    select
        'a' as a,
        'b|c' as b
    union all
    select
        'ab' as a,
        'c' as b
    union all
    select
        'a' as a,
        'bc' as b
    union all
    select
        '' as a,
        '1:a' as b
    union all
    select
        '1:a' as a,
        '' as b
    union all
    select
        '-' as a,
        'c' as b
    union all
    select
        '_null_' as a,
        'c' as b
    union all
    select
        cast(null as {{ dbt.type_string() }}) as a,
        'c' as b

),

pairs_hashed as (

    select {{ surrogate_key(['a', 'b']) }} as pair_key
    from pairs

)

select count(distinct pair_key) as key_count
from pairs_hashed
having count(distinct pair_key) <> 9
