"""dbt's suite functions."""

from dbt.tests.adapter.functions.test_js_udfs import (
    BasicJSAggregateUDF,
    BasicJSUDF,
    JSAggregateUDFVolatilityIgnored,
    JSUDFDefaultArgSupport,
    JSUDFDeterministicVolatility,
    JSUDFMultiLineBody,
    JSUDFNonDeterministicVolatility,
    JSUDFStableVolatilityWarns,
)
from dbt.tests.adapter.functions.test_udafs import (
    BasicPythonUDAF,
    BasicSQLUDAF,
    PythonUDAFDefaultArgSupport,
    UDAFBase,
)
from dbt.tests.adapter.functions.test_udfs import (
    CanFindScalarFunctionRelation,
    DeterministicUDF,
    ErrorForUnsupportedType,
    NonDeterministicUDF,
    PythonUDFDefaultArgSupport,
    PythonUDFEntryPointRequired,
    PythonUDFNotSupported,
    PythonUDFRuntimeVersionRequired,
    PythonUDFSupported,
    PythonUDFVolatilitySupport,
    PythonUDFWithPackagesSupported,
    SqlUDFDefaultArgSupport,
    StableUDF,
    UDFsBasic,
)

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BasicJSUDF,
    JSUDFMultiLineBody,
    JSUDFDeterministicVolatility,
    JSUDFNonDeterministicVolatility,
    JSUDFStableVolatilityWarns,
    JSUDFDefaultArgSupport,
    BasicJSAggregateUDF,
    JSAggregateUDFVolatilityIgnored,
    UDAFBase,
    BasicPythonUDAF,
    BasicSQLUDAF,
    PythonUDAFDefaultArgSupport,
    UDFsBasic,
    DeterministicUDF,
    StableUDF,
    NonDeterministicUDF,
    ErrorForUnsupportedType,
    PythonUDFSupported,
    PythonUDFNotSupported,
    PythonUDFRuntimeVersionRequired,
    PythonUDFEntryPointRequired,
    SqlUDFDefaultArgSupport,
    PythonUDFDefaultArgSupport,
    PythonUDFVolatilitySupport,
    CanFindScalarFunctionRelation,
    PythonUDFWithPackagesSupported,
)
