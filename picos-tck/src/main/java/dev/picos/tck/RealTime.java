package dev.picos.tck;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a rule that looks at the clock of the machine, and is not for those with virtual time. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface RealTime {}
