# Flags of the whole house hang on one interface target, so that a sanitizer
# or a hardening flag can never be given to half of the code.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
add_library(andon_flags INTERFACE)
target_compile_definitions(andon_flags INTERFACE _GNU_SOURCE
	ANDON_VERSION="${PROJECT_VERSION}")
target_compile_options(andon_flags INTERFACE -Wall -Wextra -Wshadow
	-Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
	-Wwrite-strings -Wformat=2 -Wno-format-nonliteral -Wimplicit-fallthrough
	-Wno-missing-field-initializers -fno-common -fno-strict-aliasing)
# The statistics must give the same bits on every machine and level.
target_compile_options(andon_flags INTERFACE -ffp-contract=off)
# A test of one folder does not load the libraries of all the others.
target_link_options(andon_flags INTERFACE -Wl,--as-needed)
if(WERROR)
	target_compile_options(andon_flags INTERFACE -Werror)
endif()
if(SANITIZE)
	target_compile_options(andon_flags INTERFACE -fsanitize=${SANITIZE}
		-fno-omit-frame-pointer)
	target_link_options(andon_flags INTERFACE -fsanitize=${SANITIZE})
	# A program with the runtime inside starts in half the time, and the
	# build links a hundred of them: not with the slowest linker.
	foreach(flag -static-libasan -static-libubsan)
		string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
		check_linker_flag(C "-fsanitize=${SANITIZE};${flag}" ${have})
		if(SANITIZE MATCHES "address" AND ${have})
			target_link_options(andon_flags INTERFACE ${flag})
		endif()
	endforeach()
	foreach(linker lld gold)
		check_linker_flag(C -fuse-ld=${linker} HAVE_${linker})
		if(HAVE_${linker})
			target_link_options(andon_flags INTERFACE
				-fuse-ld=${linker})
			break()
		endif()
	endforeach()
elseif(HARDEN AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
	set(CMAKE_POSITION_INDEPENDENT_CODE ON)
	foreach(flag -fstack-protector-strong -fstack-clash-protection
		-fcf-protection)
		string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
		check_c_compiler_flag(${flag} ${have})
		if(${have})
			target_compile_options(andon_flags INTERFACE ${flag})
		endif()
	endforeach()
	target_compile_options(andon_flags INTERFACE -U_FORTIFY_SOURCE
		-D_FORTIFY_SOURCE=3)
	target_link_options(andon_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
