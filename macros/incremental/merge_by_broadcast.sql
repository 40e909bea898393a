{#- Spark runs a MERGE that inserts as an outer join that it cannot broadcast: it shuffles
    and sorts all of the target that is left. Two statements that send the delta to
    where the target's rows are cost a second scan of the keys, and no shuffle. They
    write to a draft, so nobody sees one without the other. -#}

{% macro merge_by_broadcast(relation, delta, keys, columns, predicates, deleted) %}
    {#- New rows first: what is new is asked of the target as it was. Afterwards they
        match, and equal what they came from. -#}
    {% set sent = '(select /*+ broadcast(delta) */ * from ' ~ delta ~ ' as delta)' %}
    {% call statement('merge_new', auto_begin=False) %}
        {{ _merge_new_sql(relation, delta, sent, keys, columns, predicates, deleted) }}
    {% endcall %}
    {% set rows = rows_written(relation) %}
    {% if merge_updated_columns(columns, keys) or deleted %}
        {% call statement('merge', auto_begin=False) %}
            {{ merge_matched_sql(relation, sent, keys, columns, predicates, deleted) }}
        {% endcall %}
    {% endif %}
    {{ return(rows) }}
{% endmacro %}

{% macro is_spread(relation, delta) %}
    {#- Whether much of the target is left between the bounds of a small delta. A
        statement more costs about as much as Spark needs to sort 300,000 rows; a hundred
        thousand rows of a delta are tens of megabytes in each executor. -#}
    {% if delta.rows > 100000 %}
        {{ return(false) }}
    {% endif %}
    {% set bounds = [] %}
    {% for one in delta.bounds %}
        {% do bounds.append([one.name] + one.texts) %}
    {% endfor %}
    {% set left = lake_call('rows_between', {
        'schema': relation.schema, 'name': relation.identifier, 'bounds': bounds
    }) %}
    {{ return(left > var('firn_rows_worth_a_broadcast', 300000)) }}
{% endmacro %}

{% macro _merge_new_sql(relation, delta, sent, keys, columns, predicates, deleted) %}
    {% set key, same = [], [] %}
    {% for name in quoted_columns(keys) %}
        {% do key.append('DBT_INTERNAL_SOURCE.' ~ name) %}
        {% do same.append('firn_known.' ~ name ~ ' = DBT_INTERNAL_SOURCE.' ~ name) %}
    {% endfor %}
    {% set names = quoted_columns(columns) | join(', ') %}
    insert into {{ relation }} ({{ names }})
    select {{ quoted_columns(columns, 'DBT_INTERNAL_SOURCE.') | join(', ') }}
    from {{ delta }} as DBT_INTERNAL_SOURCE
    left anti join (
        select {{ key | join(', ') }}
        from {{ relation }} as DBT_INTERNAL_DEST
        inner join {{ sent }} as DBT_INTERNAL_SOURCE
            on {{ predicates | join('\n            and ') }}
    ) as firn_known
        on {{ same | join(' and ') }}
    {% if deleted %}where ({{ deleted }}) is not true{% endif %}
{% endmacro %}
