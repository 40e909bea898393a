{% macro build_table(relation, sql, keys=[], fingerprint=none, range=none) %}
    {{ return(adapter.dispatch('build_table', 'firn')(
        relation, sql, keys, fingerprint, range
    )) }}
{% endmacro %}

{% macro default__build_table(relation, sql, keys, fingerprint, range) %}
    {% do refuse_unsupported() %}
    {% do assert_contract(sql) %}
    {% set definition = table_definition(describe_query(sql)) %}
    {% set id = {'schema': relation.schema, 'name': relation.identifier} %}
    {% set staged = lake_call('stage', dict(
        id, definition=definition, fingerprint=fingerprint
    )) %}
    {% set staged_relation = relation.incorporate(path={'identifier': staged}) %}
    {% set rows = insert_rows(staged_relation, sql, definition.sort_by) %}
    {% do check_rows(staged_relation) %}
    {% do check_epoch(staged_relation, staged_relation) %}
    {% do check_keys(staged_relation, keys) %}
    {% if range %}
        {% do resolved_ranges(staged_relation, range) %}
    {% endif %}
    {% do drop_old_view(relation) %}
    {% do lake_call('swap', dict(id, staged=staged)) %}
    {{ return(rows) }}
{% endmacro %}
