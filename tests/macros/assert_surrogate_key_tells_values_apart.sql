{# Fails when null and empty, or the same values in two orders, share a key. #}
with

pairs as (

    select
        1 as pair_number,
        cast(null as integer) as a,
        2 as b
    union all
    select
        2 as pair_number,
        2 as a,
        cast(null as integer) as b
    union all
    select
        3 as pair_number,
        2 as a,
        2 as b

),

pairs_hashed as (

    select {{ surrogate_key(['a', 'b']) }} as pair_key
    from pairs

)

select count(distinct pair_key) as key_count
from pairs_hashed
having count(distinct pair_key) <> 3 or max(length(pair_key)) <> 32
