with

history as (

    select * from {{ ref('customers_history') }}

),

history_numbered as (

    select
        *,
        row_number() over (
            partition by customer_id order by dbt_valid_from
        ) as version_number
    from history

),

int_customers_versioned as (

    select
        {{ surrogate_key(['customer_id', 'dbt_valid_from']) }} as customer_key,
        customer_id,

        customer_name,

        cast(version_number as integer) as version_number,

        dbt_valid_to is null as is_current,

        {# what the first version says is the best that is known of the time before #}
        case
            when version_number = 1 then {{ start_of_time() }}
            else dbt_valid_from
        end as valid_from,
        coalesce(dbt_valid_to, {{ end_of_time() }}) as valid_to,

        _loaded_at

    from history_numbered

)

select * from int_customers_versioned
