{# Fails when two rows share the same values in all of the columns, or when one of them
   is null: together the columns are the key of the model. #}
{% test unique_combination(model, columns) %}

    with

    counted as (

        select
            {{ columns | join(', ') }},
            count(*) as row_count
        from {{ model }}
        group by {{ columns | join(', ') }}

    )

    select * from counted
    where
        row_count > 1
        or {{ columns | join(' is null or ') }} is null

{% endtest %}
