{% macro merge_deletes_sql(relation, delta, predicates, deleted) %}
    delete from {{ relation }} as DBT_INTERNAL_DEST
    using {{ delta }} as DBT_INTERNAL_SOURCE
    where {{ predicates | join('\n        and ') }}
        and ({{ deleted }})
{% endmacro %}
