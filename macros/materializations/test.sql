{% materialization test, adapter='duckdb' %}
    {{ return(materialize_test()) }}
{% endmaterialization %}

{% materialization test, adapter='spark' %}
    {{ return(materialize_test()) }}
{% endmaterialization %}

{% macro materialize_test() %}
    {% set failures = get_limit_subquery_sql(sql, config.get('limit')) %}
    {% set relations = [] %}
    {% if should_store_failures() %}
        {% set relation = store_failures(failures, config.get('store_failures_as') or 'table') %}
        {% set failures = 'select * from ' ~ relation %}
        {% do relations.append(relation) %}
    {% endif %}
    {% call statement('main', fetch_result=True, auto_begin=False) %}
        {{ get_test_sql(
            failures, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'),
            limit=none
        ) }}
    {% endcall %}
    {{ return({'relations': relations}) }}
{% endmacro %}
