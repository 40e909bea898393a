{% macro merge_deletes_sql(relation, delta, predicates, deleted) %}
    delete from {{ relation }} as DBT_INTERNAL_DEST
    using (
        select * from {{ delta }} as DBT_INTERNAL_SOURCE
        where ({{ deleted }})
    ) as DBT_INTERNAL_SOURCE
    where {{ predicates | join('\n        and ') }}
{% endmacro %}
