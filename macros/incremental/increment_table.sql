{% macro increment_table(relation, sql, strategy, keys) %}
    {% do refuse_unsupported() %}
    {% do assert_contract(sql) %}
    {% if strategy == 'append' %}
        {{ return(append_rows(relation, sql)) }}
    {% elif strategy == 'merge' %}
        {{ return(merge_rows(relation, sql, keys)) }}
    {% elif strategy == 'delete+insert' %}
        {{ return(delete_insert_rows(relation, sql, keys)) }}
    {% elif strategy == 'microbatch' %}
        {{ return(replace_range(relation, sql, batch_range())) }}
    {% endif %}
    {{ return(replace_range(relation, sql, config.get('range'))) }}
{% endmacro %}
