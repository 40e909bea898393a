{% macro merge_changes_sql(relation, delta, keys, columns, predicates, deleted='') %}
    {#- The rows of the delta that a MERGE would do something with. -#}
    {% set found = 'DBT_INTERNAL_DEST.' ~ quoted_columns(keys)[0] ~ ' is not null' %}
    {% set changed = merge_changed(merge_updated_columns(columns, keys)) or ['false'] %}
    select 1
    from (
        select
            *,
            {{ 'coalesce((' ~ deleted ~ '), false)' if deleted else 'false' }} as firn_is_deleted
        from {{ delta }} as DBT_INTERNAL_SOURCE
    ) as DBT_INTERNAL_SOURCE
    left join {{ relation }} as DBT_INTERNAL_DEST
        on {{ predicates | join('\n        and ') }}
    where case
        when not ({{ found }}) then not DBT_INTERNAL_SOURCE.firn_is_deleted
        else DBT_INTERNAL_SOURCE.firn_is_deleted
            or {{ changed | join('\n            or ') }}
    end
{% endmacro %}
