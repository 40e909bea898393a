{% materialization view, adapter='duckdb' %}
    {{ return(materialize_view()) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {{ return(materialize_view()) }}
{% endmaterialization %}

{% macro materialize_view() %}
    {% set target_relation = this.incorporate(type='view') %}
    {% do run_pre_hooks() %}

    {% do build_view(target_relation, compiled_code) %}
    {% call noop_statement('main', 'CREATE VIEW', 'CREATE VIEW', none) %}
        {{ compiled_code }}
    {% endcall %}

    {% do run_post_hooks() %}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
