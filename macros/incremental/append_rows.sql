{% macro append_rows(relation, sql) %}
    {% set checks = model_constraints() | selectattr('type', 'equalto', 'check') | list %}
    {% set delta = none %}
    {% if checks or columns_from_1970_on(relation) %}
        {#- Rows must be seen before they are committed. -#}
        {% set delta = create_delta(sql) %}
        {% do check_rows(delta) %}
        {% do check_epoch(delta, relation) %}
        {% set sql = 'select * from ' ~ delta %}
    {% endif %}
    {% set written = evolve_table(relation, describe_query(sql), on_schema_change()) %}
    {% set rows = 0 %}
    {% if not has_nothing(sql) %}
        {% set rows = insert_rows(relation, sql, sort_columns(), written) %}
    {% endif %}
    {% if delta is not none %}
        {% do drop_delta(delta) %}
    {% endif %}
    {{ return(rows) }}
{% endmacro %}
