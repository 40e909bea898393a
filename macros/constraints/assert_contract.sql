{% macro assert_contract(sql) %}
    {#- Runs whatever the query needs first, then compares names and types with it. -#}
    {% if config.get('sql_header') %}
        {% do run_query(config.get('sql_header')) %}
    {% endif %}
    {% if config.get('contract') and config.get('contract').enforced %}
        {% do get_assert_columns_equivalent(sql) %}
    {% endif %}
{% endmacro %}
